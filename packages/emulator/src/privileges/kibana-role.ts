/**
 * What Kibana may do in 9.x, as its service account and the role of its user have it: recorded from a 9.5.0. What of
 * it the releases before lack is not told apart.
 */

import type { JsonMap } from '../wire/json-value.js';
import { type IndexPrivileges, noPrivileges, type RoleDescriptor } from './role-descriptor.js';

const cluster =
  'monitor manage_index_templates manage_inference cluster:admin/xpack/monitoring/bulk manage_saml ' +
  'manage_token manage_oidc manage_enrich manage_pipeline manage_ilm monitor_connector manage_transform ' +
  'cluster:admin/xpack/security/api_key/invalidate grant_api_key clone_api_key manage_own_api_key ' +
  'cluster:admin/xpack/security/privilege/builtin/get delegate_pki ' +
  'cluster:admin/xpack/security/profile/get cluster:admin/xpack/security/profile/activate ' +
  'cluster:admin/xpack/security/profile/suggest cluster:admin/xpack/security/profile/has_privileges ' +
  'write_fleet_secrets manage_ml cluster:admin/analyze cluster:admin/script/put ' +
  'cluster:admin/script/get cluster:admin/project_routing/delete monitor_text_structure cancel_task ' +
  'cluster:admin/streams/logs/toggle';

// Names, privileges, and whether restricted indices are meant.
const onIndices = String.raw`
.kibana* .reindexed-v8-kibana* .reporting-* .chat-* .workflows-* | all | restricted
.monitoring-* | read read_cross_cluster
.management-beats | create_index read write
.ml-anomalies* .ml-stats-* | read
.ml-annotations* .ml-notifications* | read write
.reindexed-v8-ml-annotations* .reindexed-v8-ml-notifications* | read write
.apm-agent-configuration | all | restricted
.apm-custom-link | all | restricted
.apm-source-map | all | restricted
apm-* | read read_cross_cluster
logs-apm.* | read read_cross_cluster
metrics-apm.* | read read_cross_cluster
traces-apm.* | read read_cross_cluster
traces-apm-* | read read_cross_cluster
metrics-logstash.* | read
* | view_index_metadata monitor
.logs-endpoint.diagnostic.collection-* | read create_index
.fleet-secrets* | write delete create_index | restricted
.integration_knowledge* | read write create_index | restricted
.fleet-actions* | all | restricted
.fleet-agents* | all | restricted
.fleet-artifacts* | all | restricted
.fleet-enrollment-api-keys* | all | restricted
.fleet-policies* | all | restricted
.fleet-policies-leader* | all | restricted
.fleet-servers* | all | restricted
.fleet-fileds* | all | restricted
.fleet-file-data-* | all | restricted
.fleet-files-* | all | restricted
.fleet-filedelivery-data-* | all | restricted
.fleet-filedelivery-meta-* | all | restricted
logs-elastic_agent.status_change-* | all
logs-elastic_agent* | read
metrics-fleet_server* | all
logs-fleet_server* | read delete_index
fleet-synced-integrations fleet-synced-integrations-ccr* | create_index manage read write
.siem-signals* .reindexed-v8-siem-signals* | all
.lists-* .items-* .reindexed-v8-lists-* .reindexed-v8-items-* | all
.internal.alerts* .reindexed-v8-internal.alerts* | all
$.alert* $.rule* | indices:admin/esql/view/put
.alerts* | all
.internal.cases* | all
.cases* | all
.alert* | all
.rule* | all
.internal.adhoc.alerts* .adhoc.alerts* | create_index read write view_index_metadata maintenance indices:admin/rollover indices:admin/aliases indices:admin/mapping/put indices:admin/mapping/auto_put indices:admin/settings/update
.preview.alerts* | all
.internal.preview.alerts* .reindexed-v8-internal.preview.alerts* | all
metrics-endpoint.policy-* | read
metrics-endpoint.metrics-* | read
logs-endpoint.events.* | read
logs-* synthetics-* traces-* /metrics-.*&~(metrics-endpoint\.metadata_current_default.*)/ .logs-endpoint.action.responses-* .logs-endpoint.diagnostic.collection-* .logs-endpoint.actions-* .logs-endpoint.heartbeat-* .logs-osquery_manager.actions-* .logs-osquery_manager.action.responses-* logs-osquery_manager.action.responses-* logs-osquery_manager.result-* profiling-* | indices:admin/settings/update indices:admin/mapping/put indices:admin/rollover indices:admin/data_stream/lifecycle/put indices:admin/forcemerge*
logs logs.* $.logs $.logs.* | read manage
logs-*.* | read
traces-*.otel-* metrics-*.otel-* | read
.endpoint-fleetfiles-* | auto_configure read write delete create_index manage
.logs-endpoint.action.responses-* | auto_configure read write create_index
.logs-endpoint.actions-* | auto_configure read write create_index
.logs-osquery_manager.action.responses-* | auto_configure create_index read index delete
logs-osquery_manager.action.responses-* | read view_index_metadata
.logs-osquery_manager.actions-* | auto_configure create_index read index write delete
logs-osquery_manager.result-* | read view_index_metadata
logs-sentinel_one.* logs-crowdstrike.* logs-microsoft_defender_endpoint.* logs-m365_defender.* | read
.logs-endpoint.diagnostic.collection-* logs-apm-* logs-apm.*-* logs-cloud_security_posture.findings-* logs-cloud_security_posture.vulnerabilities-* metrics-apm-* metrics-apm.*-* traces-apm-* traces-apm.*-* synthetics-http-* synthetics-icmp-* synthetics-tcp-* synthetics-browser-* synthetics-browser.network-* synthetics-browser.screenshot-* | indices:admin/delete
metrics-endpoint.metadata* | read view_index_metadata
metrics-endpoint.metadata_current_default* .metrics-endpoint.metadata_current_default* .metrics-endpoint.metadata_united_default* | create_index delete_index read index indices:admin/aliases indices:admin/settings/update
logs-ti_*_latest.* | create_index delete_index read index delete manage indices:admin/aliases indices:admin/settings/update
logs-ti_*.*-* | indices:admin/delete read view_index_metadata
kibana_sample_data_* | create_index delete_index read index view_index_metadata indices:admin/aliases indices:admin/settings/update
logs-cloud_security_posture.findings-* logs-cloud_security_posture.vulnerabilities-* | read view_index_metadata
logs-cloud_security_posture.findings_latest-default* logs-cloud_security_posture.vulnerabilities_latest-default* | create_index read index delete indices:admin/delete manage indices:admin/aliases indices:admin/settings/update
logs-cloud_security_posture.scores-default* | create_index read index delete indices:admin/delete indices:admin/aliases indices:admin/settings/update indices:admin/mapping/auto_put
logs-wiz.vulnerability-* logs-wiz.cloud_configuration_finding-* logs-wiz.cloud_configuration_finding_full_posture-* logs-google_scc.finding-* logs-aws.securityhub_findings-* logs-aws.securityhub_findings_full_posture-* logs-aws_securityhub.finding-* logs-aws.inspector-* logs-aws.config-* logs-amazon_security_lake.findings-* logs-qualys_vmdr.asset_host_detection-* logs-tenable_sc.vulnerability-* logs-tenable_io.vulnerability-* logs-rapid7_insightvm.vulnerability-* logs-rapid7_insightvm.asset_vulnerability-* logs-carbon_black_cloud.asset_vulnerability_summary-* | read view_index_metadata
logs-m365_defender.vulnerability-* logs-microsoft_defender_endpoint.vulnerability-* logs-microsoft_defender_cloud.assessment-* logs-prisma_cloud.misconfiguration-* logs-prisma_cloud.vulnerability-* logs-sentinel_one.application_risk-* | read view_index_metadata indices:admin/delete
logs-extrahop.investigation-* logs-qualys_gav.asset-* logs-sentinel_one.application-* logs-sentinel_one.threat_event-* logs-sentinel_one.unified_alert-* logs-island_browser.user-* logs-island_browser.device-* logs-cyera.classification-* logs-cyera.issue-* logs-cyera.datastore-* logs-ironscales.incident-* logs-axonius.adapter-* logs-axonius.alert_finding-* logs-axonius.application-* logs-axonius.compute-* logs-axonius.exposure-* logs-axonius.gateway-* logs-axonius.identity-* logs-axonius.incident-* logs-axonius.network-* logs-axonius.storage-* logs-axonius.ticket-* logs-axonius.user-* logs-jupiter_one.risks_and_alerts-* | manage create_index read index write delete indices:admin/delete indices:admin/aliases indices:admin/mapping/auto_put
security_solution-*.vulnerability_latest security_solution-*.misconfiguration_latest | manage read indices:admin/aliases indices:admin/settings/update
security_solution-*.vulnerability_latest-* security_solution-*.misconfiguration_latest-* | create_index index manage read delete indices:admin/aliases indices:admin/settings/update
risk-score.risk-* | all
.entity_analytics.* | all
.asset-criticality.asset-criticality-* | create_index manage read write
.entities.* | read write
.entities.*history* | create_index manage read write
.entities.*updates* | create_index manage read write
.entities.*reset* | create_index manage read write
logs-cloud_defend.* metrics-cloud_defend.* | read view_index_metadata
.slo-observability.* | all
.evaluation-* | all
.logs-endpoint.heartbeat-* | read create_index
.edr-workflow-insights-* | create_index auto_configure manage read write delete indices:admin/settings/update indices:admin/mapping/put indices:admin/rollover
.elastic-connectors* | read
.significant_events-* | auto_configure create_index read write indices:admin/rollover indices:admin/mapping/put indices:admin/mapping/auto_put indices:admin/settings/update indices:admin/data_stream/lifecycle/put
traces-agent_builder.otel-* logs-agent_builder.otel-* | auto_configure create_doc
`;

const elsewhere = '.monitoring-* apm-* logs-apm.* metrics-apm.* traces-apm.* traces-apm-*';

function read(line: string): IndexPrivileges {
  const [names = '', privileges = '', restricted] = line.split(' | ');
  return {
    names: names.split(' '),
    privileges: privileges.split(' '),
    allowRestrictedIndices: restricted !== undefined,
  };
}

/** A member of `global`: a category, what may be done in it, and to which applications. */
function global(category: string, doing: string, application: string): [string, JsonMap] {
  return [category, new Map([[doing, new Map([['applications', [application]]])]])];
}

/** The privileges of Kibana itself. */
export const kibanaRole: RoleDescriptor = {
  ...noPrivileges,
  cluster: cluster.split(' '),
  global: new Map([global('application', 'manage', 'kibana-*'), global('profile', 'write', 'kibana*')]),
  indices: onIndices.trim().split('\n').map(read),
  metadata: new Map([['_reserved', true]]),
  remoteIndices: elsewhere.split(' ').map((name) => ({
    names: [name],
    privileges: ['read', 'read_cross_cluster'],
    allowRestrictedIndices: false,
    clusters: ['*'],
  })),
  remoteCluster: [{ privileges: ['monitor_stats'], clusters: ['*'] }],
  description:
    'Grants access necessary for the Kibana system user to read from and write to the Kibana indices, ' +
    'manage index templates and tokens, and check the availability of the Elasticsearch cluster. It also ' +
    'permits activating, searching, and retrieving user profiles, as well as updating user profile data ' +
    'for the kibana-* namespace. Additionally, this role grants read access to the .monitoring-* indices ' +
    'and read and write access to the .reporting-* indices. Note: This role should not be assigned to ' +
    'users as the granted permissions may change between releases.',
};
