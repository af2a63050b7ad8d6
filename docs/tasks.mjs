// The reference by task: what one wants to do, and the names of each package that do it. Types are found from there, and
// on the page of their package.

/** Task, what it is about, and `package: names`. Every public function, class and constant is in one of them. */
export const tasks = [
  {
    title: 'Let callers in',
    about: 'One line in front of the routes, and what is known of the caller behind it.',
    names: {
      express: ['esauth', 'identityOf', 'handleDenials'],
      koa: ['esauth', 'identityOf', 'handleDenials'],
      fastify: ['esauth', 'identityOf', 'handleDenials'],
    },
  },
  {
    title: 'Ask for more on a route',
    about: 'Guards, and the requirements that they are made of.',
    names: {
      express: guards(),
      koa: guards(),
      fastify: guards(),
      core: ['roles', 'anyRole', 'realm', 'authenticationType', 'privileges', 'allOf', 'anyOf'],
    },
  },
  {
    title: 'Act as the caller',
    about: "The caller's own header, for a request to Elasticsearch in his name.",
    names: { express: ['callerHeaders'], koa: ['callerHeaders'], fastify: ['callerHeaders'] },
  },
  {
    title: 'Verify, revoke and look at health',
    about: 'The verifier: one for each application, for any framework or none.',
    names: { core: ['createVerifier', 'systemClock'] },
  },
  {
    title: 'Issue and use tokens and API keys',
    about: 'Their whole life, and requests that carry one that is valid now.',
    names: {
      client: [
        'createSecurityClient',
        'createTokenSource',
        'authorize',
        'memoryTokenStore',
        'fileTokenStore',
      ],
    },
  },
  {
    title: 'Log in and out',
    about: 'Sessions in a cookie, and what ends them everywhere.',
    names: { client: ['sessionRoutes', 'revokeOn'] },
  },
  {
    title: 'Share between processes',
    about: 'Verdicts and revocations by way of Redis.',
    names: { redis: ['redisSharing'] },
  },
  {
    title: 'Watch it',
    about: 'Metrics and traces.',
    names: { opentelemetry: ['observe'] },
  },
  {
    title: 'Test without a cluster',
    about: 'Elasticsearch, as far as credentials go, in the process of the test.',
    names: { emulator: ['startEmulator'] },
  },
  {
    title: 'Tell errors apart',
    about:
      'What is thrown; each has a `code`, and each code its entry in [Errors and warnings](../errors.md).',
    names: {
      core: [
        'ConfigurationError',
        'DenialError',
        'InvalidArgumentError',
        'InvalidPrivilegesError',
        'LookupError',
      ],
      client: ['SecurityApiError', 'SecurityApiCause', 'ReauthenticationRequired', 'UnreadableTokensError'],
    },
  },
  {
    title: 'Write an adapter',
    about: 'What the adapters are made of, for another framework.',
    names: {
      core: [
        'createGate',
        'createGuard',
        'createGuards',
        'passGate',
        'passGuard',
        'whenKnown',
        'responseOf',
        'authorizationOf',
        'shownIdentity',
        'verifierFrom',
        'refuseCalled',
      ],
    },
  },
  {
    title: 'Parts for packages of ours',
    about: 'Small pieces that the other packages share. They may change with any release.',
    names: {
      core: [
        'openConnections',
        'explainFailure',
        'callerHeaders',
        'identityOf',
        'carries',
        'mark',
        'isLoopback',
        'isRecord',
        'nearestName',
        'own',
        'parseJson',
        'strikeOut',
        'unbracketed',
        'unknownAmong',
        'unworded',
        'wordedAt',
      ],
    },
  },
];

function guards() {
  return [
    'requireIdentity',
    'requireRoles',
    'requireAnyRole',
    'requireRealm',
    'requireAuthenticationType',
    'requirePrivileges',
    'requireThat',
  ];
}
