/**
 * Which Elasticsearch is imitated, and what that release can do. Every difference between releases has a
 * name here, so that the rest of the package asks "does it clone keys?" and never compares numbers.
 */

/** What differs between the releases from 7.17 to 9.5. Each member is true from the release in its comment on. */
export interface Capabilities {
  /** 8.0: an unknown token in an invalidation is 404. The older status is not recorded anywhere; 200 is assumed. */
  readonly unknownTokenIsNotFound: boolean;
  /** 8.0: responses say `application/json`; before, they add a charset. */
  readonly plainJsonType: boolean;
  /** 8.1 */
  readonly apiKeysRunAs: boolean;
  /** 8.2 */
  readonly jwtRealms: boolean;
  /** 8.2 */
  readonly keepsProfiles: boolean;
  /** 8.3: of users by their profiles. */
  readonly checksProfiles: boolean;
  /** 8.4; 8.3 according to other sources. */
  readonly tokensRunAs: boolean;
  /** 8.1: denials say "with declared roles", and how many of them there are. */
  readonly declaredRoles: boolean;
  /** 8.3: denials say "with effective roles". */
  readonly effectiveRoles: boolean;
  /** 8.3. First release with "service account […]" in denials is not known; the rewording of 8.3 is assumed. */
  readonly namesServiceAccounts: boolean;
  /** 8.4 */
  readonly updatesApiKeys: boolean;
  /** 8.5: bulk update, `role_descriptors` and `limited_by` in answers. */
  readonly showsRoleDescriptors: boolean;
  /** 8.7: JWTs may be access tokens, and a user's metadata says of which type one was. */
  readonly jwtTokenTypes: boolean;
  /** 8.5: mappings come in chunks (elastic/elasticsearch#89906). */
  readonly chunksMappings: boolean;
  /** 8.7: indices and the answers of `_cat` come in chunks (elastic/elasticsearch#92034, #92022). */
  readonly chunksIndices: boolean;
  /** 8.9: what a search finds comes in chunks (elastic/elasticsearch#94736). */
  readonly chunksSearches: boolean;
  /** 8.13: answers of `_bulk` come in chunks (elastic/elasticsearch#104310). */
  readonly chunksBulk: boolean;
  /** 8.5: `_privileges` with a key that has some of its own is a mistake of the caller, not of the server. */
  readonly refusesLimitedPrivileges: boolean;
  /** 8.7: `password_hash` of any algorithm that Elasticsearch knows, not only of the one that is configured. */
  readonly takesAnyPasswordHash: boolean;
  /**
   * Names of users and roles have at most 507 characters, not 1024. 7.8 documents the one, 8.18 the other; 8.7 is
   * assumed.
   */
  readonly limitsNamesByIds: boolean;
  /** 8.8: credentials are checked before anything else of the request is looked at. */
  readonly authenticatesFirst: boolean;
  /** 8.8: "invalid credentials" names the API key. */
  readonly namesKeyWithWrongSecret: boolean;
  /**
   * 8.8 (elastic/elasticsearch#95189): 401 and 403 do not say whose answers they are, whatever they are about.
   * Before, the filter in front of the handlers left that out of what it refuses itself: all failures of
   * authentication, but no denial (`SecurityRestFilter`).
   */
  readonly hidesProductByStatus: boolean;
  /**
   * 8.8: complaints about documents say where, and have a type of their own. The first release is not known for sure.
   */
  readonly locatesDocumentErrors: boolean;
  /** 8.9 */
  readonly restrictsWorkflows: boolean;
  /** 8.10: 44-character tokens; a pair shares its last eight random bytes. */
  readonly pairedTokens: boolean;
  /**
   * Tokens of 40 characters, without the three empty bytes that those of 8.10 end with. Recorded for 9.5; the first
   * release is not known, 9.0 is assumed.
   */
  readonly endsTokens: boolean;
  /**
   * Up to 8.18 and 9.0: whether a pattern of indices is covered is asked of all entries with the same privileges
   * together. A 9.5 asks each entry alone; that it came with the privileges on failure stores is assumed.
   */
  readonly joinsEqualPrivileges: boolean;
  /** 8.10 is assumed: settings of the indices of security (elastic/elasticsearch#97630, of July 2023). */
  readonly hasSecuritySettings: boolean;
  /** 8.15 is assumed, with which requests for those settings carry their timeouts. */
  readonly timesSecuritySettings: boolean;
  /** 8.16 is assumed: the tier of nodes that the indices of security are on can be set. */
  readonly setsSecurityTiers: boolean;
  /** 8.10: cross-cluster keys, `type` of a key, `active_only`. */
  readonly crossClusterKeys: boolean;
  /** 8.12 */
  readonly showsInvalidationTime: boolean;
  /** 8.12: refusals of a JWT name all its claims; what is none is left to others; keys are granted for one. */
  readonly namesJwtsByClaims: boolean;
  /** 8.13 */
  readonly updatesExpiration: boolean;
  /** 8.14: a cross-cluster key that hides documents or fields from searches can not be for replication too. */
  readonly separatesHiddenSearches: boolean;
  /** 8.15: a cross-cluster key that searches may look up what enriches its documents. */
  readonly enrichesSearches: boolean;
  /** 8.14 */
  readonly showsRealmType: boolean;
  /** 8.14: users and keys are shown with the profiles of whom they are. */
  readonly joinsProfiles: boolean;
  /** 8.13: users can be searched (elastic/elasticsearch#104033). */
  readonly queriesUsers: boolean;
  /**
   * 8.13: aggregations of API keys, as `aggs` (elastic/elasticsearch#104895), and the queries `match` and
   * `simple_query_string` for them (#104594, #104132).
   */
  readonly aggregatesApiKeys: boolean;
  /** 8.13.2: the other name, `aggregations`, and `typed_keys` (elastic/elasticsearch#107054, #106873). */
  readonly typesAggregations: boolean;
  /** 8.14 is assumed: what is refused of a search is said in the same words for keys, users and roles. */
  readonly wordsSearchesAlike: boolean;
  /** 8.15 */
  readonly commaInBasicChallenge: boolean;
  /** 8.15: privileges on the cluster level of remote clusters. */
  readonly remoteClusterPrivileges: boolean;
  /** 8.15: several roles in one request, and searching for them. */
  readonly managesSeveralRoles: boolean;
  /** 8.16: the health of a cluster counts primary shards that are nowhere. */
  readonly countsUnassignedPrimaries: boolean;
  /** 8.16 (elastic/elasticsearch#112605): a body in the address that can not be read is no mistake of the server. */
  readonly blamesCallersForSource: boolean;
  /** 8.18: role mappings from files are shown among the others, under names of their own. */
  readonly hasReadOnlyMappings: boolean;
  /**
   * 8.18 and 9.0 (elastic/elasticsearch#117581): reserved roles are in the security index too, where searches find
   * them.
   */
  readonly storesReservedRoles: boolean;
  /** 9.0 is assumed, recorded for 9.5: what blocks an index for want of space on the disk names a page about it. */
  readonly explainsBlocks: boolean;
  /** 9.1 */
  readonly showsManagedKeys: boolean;
  /** 8.19 and 9.1: access tokens may be of the type `at+jwt`. */
  readonly readsTypedAccessTokens: boolean;
  /** 9.2: what broke inside of the server is named in a header (elastic/elasticsearch#130226, #133045). */
  readonly namesExceptions: boolean;
  /** 9.2: `_security/stats` (elastic/elasticsearch#134835). */
  readonly reportsSecurityStats: boolean;
  /** 9.3 */
  readonly certificateIdentity: boolean;
  /** 9.4 */
  readonly showsManagedTokens: boolean;
  /** 9.4 */
  readonly clonesApiKeys: boolean;
}

/** A release: its number, as `GET /` shows it, and what it can do. */
export interface Version extends Capabilities {
  readonly number: string;
  readonly major: number;
  readonly minor: number;
  /** The number in front of every token this release issues (a transport or release version id). */
  readonly tokenVersion: number;
  /** The number that an index says it was made by. */
  readonly indexVersion: number;
}

const form = /^(\d{1,2})\.(\d{1,2})(?:\.(\d{1,2}))?$/;

/**
 * Reads a release number.
 *
 * @param text `major.minor` or `major.minor.patch`, from 7.17 to 9.5
 * @returns the release, or `undefined` if the text is not a number in that range
 */
export function parseVersion(text: string): Version | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [major, minor, patch] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  const since = (wantedMajor: number, wantedMinor: number, wantedPatch = 0): boolean =>
    major > wantedMajor ||
    (major === wantedMajor && (minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch)));
  if (!since(7, 17) || since(9, 6) || (major === 7 && minor > 17) || (major === 8 && minor > 19))
    return undefined;
  return {
    number: `${major}.${minor}.${patch}`,
    major,
    minor,
    tokenVersion: since(8, 10) ? transportVersion(major, minor) : major * 1_000_000 + minor * 10_000 + 99,
    indexVersion: since(8, 11)
      ? indexVersion(major, minor)
      : (major * 10_000 + minor * 100 + patch) * 100 + 99,
    unknownTokenIsNotFound: since(8, 0),
    plainJsonType: since(8, 0),
    apiKeysRunAs: since(8, 1),
    jwtRealms: since(8, 2),
    keepsProfiles: since(8, 2),
    checksProfiles: since(8, 3),
    tokensRunAs: since(8, 4),
    declaredRoles: since(8, 1),
    effectiveRoles: since(8, 3),
    namesServiceAccounts: since(8, 3),
    updatesApiKeys: since(8, 4),
    showsRoleDescriptors: since(8, 5),
    jwtTokenTypes: since(8, 7),
    chunksMappings: since(8, 5),
    chunksIndices: since(8, 7),
    chunksSearches: since(8, 9),
    chunksBulk: since(8, 13),
    refusesLimitedPrivileges: since(8, 5),
    takesAnyPasswordHash: since(8, 7),
    limitsNamesByIds: since(8, 7),
    authenticatesFirst: since(8, 8),
    namesKeyWithWrongSecret: since(8, 8),
    hidesProductByStatus: since(8, 8),
    locatesDocumentErrors: since(8, 8),
    restrictsWorkflows: since(8, 9),
    pairedTokens: since(8, 10),
    endsTokens: since(9, 0),
    joinsEqualPrivileges: !(since(9, 1) || (major === 8 && minor === 19)),
    hasSecuritySettings: since(8, 10),
    timesSecuritySettings: since(8, 15),
    setsSecurityTiers: since(8, 16),
    crossClusterKeys: since(8, 10),
    showsInvalidationTime: since(8, 12),
    namesJwtsByClaims: since(8, 12),
    updatesExpiration: since(8, 13),
    separatesHiddenSearches: since(8, 14),
    enrichesSearches: since(8, 15),
    showsRealmType: since(8, 14),
    joinsProfiles: since(8, 14),
    queriesUsers: since(8, 13),
    aggregatesApiKeys: since(8, 13),
    typesAggregations: since(8, 13, 2),
    wordsSearchesAlike: since(8, 14),
    commaInBasicChallenge: since(8, 15),
    remoteClusterPrivileges: since(8, 15),
    managesSeveralRoles: since(8, 15),
    countsUnassignedPrimaries: since(8, 16),
    blamesCallersForSource: since(8, 16),
    hasReadOnlyMappings: since(8, 18),
    storesReservedRoles: since(8, 18),
    explainsBlocks: since(9, 0),
    showsManagedKeys: since(9, 1),
    readsTypedAccessTokens: since(9, 1) || (major === 8 && minor === 19),
    namesExceptions: since(9, 2),
    reportsSecurityStats: since(9, 2),
    certificateIdentity: since(9, 3),
    showsManagedTokens: since(9, 4),
    clonesApiKeys: since(9, 4),
  };
}

/** Whether a release has something that came with another; without one, all have it. */
export function isSince({ major, minor }: Version, since: readonly [number, number] | undefined): boolean {
  const [first, second] = since ?? [0, 0];
  return major > first || (major === first && minor >= second);
}

// 9.5 is recorded. The others only have to differ, since 8.11 as numbers of their own beside those of releases.
function indexVersion(major: number, minor: number): number {
  return major === 8 ? 8_500_000 + minor * 1_000 : 9_002_000 + minor * 20_000;
}

// 8.10 and 9.5 are taken from recorded tokens (`3eaGBBg…`, `yP6/BBh…`). The others only have to be of the same length
// and to differ from release to release, as the real ones do; nobody may rely on the prefix of a token.
function transportVersion(major: number, minor: number): number {
  return major === 8 ? 8_500_061 + (minor - 10) * 40_000 : 9_009_000 + minor * 85_600;
}
