/** What the one cluster and its one node are called. */

export const clusterName = 'docker-cluster';
export const nodeName = 'instance-0000000000';
export const nodeId = 'n0Gv3sQPTxG2sVvAq9ZbCw';
