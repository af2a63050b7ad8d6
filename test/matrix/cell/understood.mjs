// Which clients a release of Elasticsearch understands: those of its own major and of the one before.

export function isUnderstood(clientMajor, elasticsearch) {
  const release = Number(elasticsearch.split('.')[0]);
  return clientMajor === release || clientMajor === release - 1;
}
