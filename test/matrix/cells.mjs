// What the matrix is: every Node, framework, official client and release of Elasticsearch in `matrix.json` with every
// other. CI's jobs and the tables of `docs/support.md` are made of the same (`tables.mjs`).

import { readFileSync } from 'node:fs';

export const matrix = JSON.parse(readFileSync(new URL('matrix.json', import.meta.url), 'utf8'));

/** `{ framework, version }` of each major. */
export const frameworks = Object.entries(matrix.frameworks).flatMap(([framework, versions]) =>
  versions.map((version) => ({ framework, version })),
);

export const majorOf = (version) => version.split('.')[0];

/** `express5`: how a framework is called on the command line and in CI. */
export const shortName = ({ framework, version }) => framework + majorOf(version);

/**
 * The cells of a part of the matrix, or of all.
 *
 * @param wanted `node` and `framework` are majors (`22`, `express5`); what is not given is not narrowed.
 */
export function cellsOf({ node, framework } = {}) {
  return matrix.node
    .filter((version) => node === undefined || majorOf(version) === node)
    .flatMap((version) =>
      frameworks
        .filter((each) => framework === undefined || shortName(each) === framework)
        .flatMap((each) =>
          matrix.clients.flatMap((client) =>
            matrix.elasticsearch.map((elasticsearch) => ({ node: version, ...each, client, elasticsearch })),
          ),
        ),
    );
}

/** One cell of each framework, so that every Node, client and release is among them. */
export function diagonal() {
  const at = (list, n) => list[n % list.length];
  return frameworks.map((each, n) => ({
    node: at(matrix.node, n),
    ...each,
    client: at(matrix.clients, n),
    elasticsearch: at(matrix.elasticsearch, n),
  }));
}

/** How a cell is called in sentences and in `results.json`. */
export const nameOf = ({ node, framework, version, client, elasticsearch }) =>
  `Node ${node}, ${framework} ${version}, client ${client}, Elasticsearch ${elasticsearch}`;
