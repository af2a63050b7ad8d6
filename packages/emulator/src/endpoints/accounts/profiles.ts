/** Profiles of users: `/_security/profile`. */

import type { AuthenticationResult } from '../../authentication/credentials.js';
import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
  segment,
} from '../../cluster/endpoint.js';
import { type Grant, grantFields, grantProblems, readGrant } from '../../cluster/grants.js';
import type { Security } from '../../cluster/security.js';
import { filterFields, isUnder } from '../../documents/document-access.js';
import type { Profile } from '../../identities/profiles.js';
import { type ApiError, illegalArgument, members } from '../../wire/envelope.js';
import { emptyMap, type JsonMap, type JsonValue } from '../../wire/json-value.js';
import { map, objectParser } from '../../wire/object-parser.js';

/** What the names of all actions on profiles begin with. */
export const actions = 'cluster:admin/xpack/security/profile';

/** A profile as it is found by a search. */
export function showFound(
  profile: Profile,
  dataKeys: readonly string[],
): Record<string, JsonValue | undefined> {
  const { uid, user, realm, labels, data } = profile;
  return {
    uid,
    user: {
      username: user.username,
      roles: user.roles,
      realm_name: realm.name,
      email: user.email ?? undefined,
      full_name: user.fullName ?? undefined,
    },
    labels,
    data: filterFields(data, (path) => isUnder(path, dataKeys)),
  };
}

function show(profile: Profile, dataKeys: readonly string[]): Record<string, JsonValue | undefined> {
  const { uid, enabled, synchronizedAt, seqNo } = profile;
  return {
    uid,
    enabled,
    last_synchronized: synchronizedAt,
    ...showFound(profile, dataKeys),
    _doc: { _primary_term: 1, _seq_no: seqNo },
  };
}

/** The names in a list that is separated by commas. */
export function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((name) => name !== '');
}

const grant = objectParser<Grant>('activate_profile_request', grantFields);
const activateAction = `${actions}/activate`;

function activate({ profiles }: Security, result: AuthenticationResult): Answer {
  if (result.kind === 'refused') return refuse(result.error);
  const { user, lookupRealm, apiKey, serviceToken } = result.authentication;
  if (apiKey !== undefined || serviceToken !== undefined) {
    const kind = apiKey === undefined ? 'service_account' : 'api_key';
    refuse(illegalArgument(`profile is supported for user only, but subject is a [${kind}]`));
  }
  return answer(show(profiles.activate(user, lookupRealm), []));
}

interface GetRequest {
  readonly uids: readonly string[];
  readonly dataKeys: readonly string[];
}

const notFound: ApiError = {
  status: 404,
  type: 'resource_not_found_exception',
  reason: 'profile document not found',
};
const noIndex: ApiError = { status: 500, type: 'exception', reason: 'profile index does not exist' };

/** What answers say of profiles that are not there; nothing if all are. */
export function missing(uids: readonly string[], error: ApiError = notFound): JsonValue | undefined {
  if (uids.length === 0) return undefined;
  return { count: uids.length, details: new Map(uids.map((uid) => [uid, members(error)])) };
}

function get({ profiles }: Security, { uids, dataKeys }: GetRequest): Answer {
  const found = uids.flatMap((uid) => profiles.find(uid) ?? []);
  const lost = uids.filter((uid) => profiles.find(uid) === undefined);
  return answer({
    profiles: found.map((profile) => show(profile, dataKeys)),
    errors: missing(lost, profiles.exist() ? notFound : noIndex),
  });
}

interface DataRequest {
  readonly uid: string;
  readonly labels: JsonMap;
  readonly data: JsonMap;
  readonly ifSeqNo: number | undefined;
  readonly ifPrimaryTerm: number | undefined;
}

const dataBody = objectParser<{ readonly labels?: JsonMap | undefined; readonly data?: JsonMap | undefined }>(
  'update_profile_data_request_payload',
  { labels: map, data: map },
);

function readData(call: Call): DataRequest {
  const { labels = emptyMap, data = emptyMap } = dataBody.parse(documentOf(call));
  const [ifSeqNo, ifPrimaryTerm] = ['if_seq_no', 'if_primary_term'].map((name) => numberIn(call, name));
  return { uid: segment(call, 'uid'), labels, data, ifSeqNo, ifPrimaryTerm };
}

function numberIn({ query }: Call, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined || /^-?\d+$/.test(text)) return text === undefined ? undefined : Number(text);
  return refuse(illegalArgument(`Failed to parse long parameter [${name}] with value [${text}]`));
}

function applicationsOf({ labels, data }: DataRequest): string[] {
  return [...new Set([...labels.keys(), ...data.keys()])];
}

function dataProblems(request: DataRequest): string[] {
  const names = applicationsOf(request);
  const [dotted, underscored] = [
    names.filter((name) => name.includes('.')),
    names.filter((name) => name.startsWith('_')),
  ];
  return [
    ...(names.length === 0 ? ['update request is empty'] : []),
    ...(dotted.length === 0
      ? []
      : [`application name must not contain dot, but found [${dotted.join(',')}]`]),
    ...(underscored.length === 0
      ? []
      : [`application name must not start with underscore, but found [${underscored.join(',')}]`]),
  ];
}

function documentError(status: number, type: string, reason: string): ApiError {
  const place = { index_uuid: 'pR0f1lEsT1lln0tF0uNd3A', shard: '0', index: '.security-profile-8' };
  return { status, type, reason, metadata: place };
}

function existing({ profiles }: Security, uid: string): Profile {
  const missing = documentError(404, 'document_missing_exception', `[profile_${uid}]: document missing`);
  return profiles.find(uid) ?? refuse(missing);
}

function update(security: Security, request: DataRequest): Answer {
  const { uid, labels, data, ifSeqNo, ifPrimaryTerm } = request;
  const profile = existing(security, uid);
  const isAnother = (ifSeqNo ?? profile.seqNo) !== profile.seqNo || (ifPrimaryTerm ?? 1) !== 1;
  if (isAnother) {
    const wanted = `required seqNo [${ifSeqNo ?? -2}], primary term [${ifPrimaryTerm ?? 0}]`;
    const reason = `[profile_${uid}]: version conflict, ${wanted}. current document has seqNo [${profile.seqNo}] and primary term [1]`;
    refuse(documentError(409, 'version_conflict_engine_exception', reason));
  }
  security.profiles.merge(profile, labels, data);
  return answer({ acknowledged: true });
}

function enabling(path: string, enabled: boolean): Route {
  return route<string>({
    methods: ['PUT', 'POST'],
    paths: [`/_security/profile/{uid}/${path}`],
    exists: (version) => version.keepsProfiles,
    query: ['refresh'],
    read: (call) => segment(call, 'uid'),
    action: () => `${actions}/set_enabled`,
    run(security, uid) {
      security.profiles.setEnabled(existing(security, uid), enabled);
      return answer({ acknowledged: true });
    },
  });
}

/** The routes of this chapter. */
export const profileRoutes: readonly Route[] = [
  route<Grant>({
    methods: ['POST'],
    paths: ['/_security/profile/_activate'],
    exists: (version) => version.keepsProfiles,
    body: 'required',
    read: (call) => grant.parse(documentOf(call)),
    validate: grantProblems,
    action: () => activateAction,
    run(security, request) {
      const where = `action [${activateAction}]`;
      const verified = security.jwtRealms.verify([request.access_token ?? '']);
      return verified === undefined
        ? activate(security, readGrant(security, request, where))
        : verified.then((signatures) => activate(security, readGrant(security, request, where, signatures)));
    },
  }),
  route<GetRequest>({
    methods: ['GET'],
    paths: ['/_security/profile/{uid}'],
    exists: (version) => version.keepsProfiles,
    query: ['data'],
    read: (call) => ({ uids: listOf(segment(call, 'uid')), dataKeys: listOf(call.query.get('data')) }),
    action: () => `${actions}/get`,
    run: get,
  }),
  route<DataRequest>({
    methods: ['PUT', 'POST'],
    paths: ['/_security/profile/{uid}/_data'],
    exists: (version) => version.keepsProfiles,
    query: ['if_primary_term', 'if_seq_no', 'refresh'],
    body: 'required',
    read: readData,
    validate: dataProblems,
    action: () => `${actions}/put/data`,
    profileData: applicationsOf,
    run: update,
  }),
  enabling('_enable', true),
  enabling('_disable', false),
];
