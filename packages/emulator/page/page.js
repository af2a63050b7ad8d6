/**
 * The script of the page: asks the emulator every second what there is, shows it, and sends what the buttons
 * say. Everything is written as text, never as markup, and elements that stay keep their focus.
 */

/** @import { View, Some, FaultView, RequestView, KeyView, TokenView, UserView } from '../src/page/view.js' */

/**
 * @typedef {{ text: string, detail?: string, kind?: string }} Cell
 * @typedef {{ label: string, title: string, action: object }} Button `title` says which of many such buttons it is
 * @typedef {{ key: string, cells: Cell[], button?: Button }} Row
 */

const token = document.querySelector('meta[name="esauth-token"]')?.getAttribute('content') ?? '';
const pollMs = 1000;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let asked = 0;
let shown = 0;

/** Asks once. An answer that was overtaken by a later one is dropped. */
async function refresh() {
  const turn = ++asked;
  const state = await look();
  if (turn < shown) return;
  shown = turn;
  if (state === undefined) mark('does not answer', 'bad');
  else show(state);
}

/** @returns {Promise<View | undefined>} */
async function look() {
  try {
    const response = await fetch('state');
    return response.ok ? await response.json() : undefined;
  } catch {
    // The emulator has ended, or is about to start again.
    return undefined;
  }
}

/** Asks again and again, as long as somebody can see it. */
async function watch() {
  await refresh();
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(watch, pollMs);
}

/** @param {object} action */
async function act(action) {
  /** @type {{ done?: string, problem?: string, authorization?: string }} */
  let outcome;
  try {
    const headers = { 'content-type': 'application/json', 'x-esauth-token': token };
    const response = await fetch('act', { method: 'POST', headers, body: JSON.stringify(action) });
    outcome = await response.json();
  } catch {
    outcome = { problem: 'The emulator does not answer.' };
  }
  const said = byId('said');
  said.textContent = outcome.done ?? outcome.problem ?? '';
  said.classList.toggle('problem', outcome.done === undefined);
  await refresh();
  return outcome;
}

/** @param {View} state */
function show(state) {
  const { now, version, license, aheadMs, faults, requests, keys, tokens, users } = state;
  write(byId('about'), `Version ${version}, ${license} licence, at ${location.host}`);
  write(byId('now'), new Date(now).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }));
  const ahead = Math.round(aheadMs / 1000);
  write(byId('ahead'), ahead < 1 ? 'as on this machine' : `${duration(aheadMs)} ahead of this machine`);
  if (faults.length === 0) mark('answers', 'good');
  else mark('broken', 'bad');
  fill(byId('faults'), faults.map(faultRow), 'li', 'span');
  keepFocus(byId('mend'), faults.length === 0, () => {
    byId('mend').hidden = faults.length === 0;
  });
  fill(byId('requests'), requests.map(requestRow));
  fillSome('keys', keys, (key) => keyRow(key, now));
  fillSome('tokens', tokens, (item) => tokenRow(item, now));
  fillSome('users', users, userRow);
  offer(users.items.filter(({ enabled }) => enabled).map(({ username }) => username));
}

/** Leaves the choice as it is while there is nothing new. @param {string[]} names */
function offer(names) {
  const select = makeOf();
  const before = [...select.options].map(({ value }) => value);
  if (JSON.stringify(before) === JSON.stringify(names)) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((name) => new Option(name, name)));
  if (names.includes(chosen)) select.value = chosen;
}

/** @param {FaultView} fault @returns {Row} */
function faultRow({ of, id, what, where, left }) {
  const times = left === null ? 'until mended' : left === 1 ? 'once more' : `${left} times more`;
  const button = { label: 'Mend', title: `Mend: ${what}, ${where}`, action: { action: 'mend', of, id } };
  return { key: String(id), cells: [{ text: what, detail: ` ${where}, ${times}` }], button };
}

/** @param {RequestView} request @param {number} index @returns {Row} */
function requestRow({ at, method, path, status, who, reason, struck }, index) {
  const kind = status === null || status >= 500 ? 'bad' : status >= 300 ? 'warn' : 'good';
  const detail = [
    who ?? 'nobody',
    ...(reason === null ? [] : [reason]),
    ...(struck ? ['struck by a fault'] : []),
  ];
  return {
    key: String(index),
    cells: [
      { text: status === null ? 'none' : String(status), kind: `status ${kind}` },
      { text: `${method} ${path}`, detail: detail.join(' · '), kind: 'path' },
      { text: new Date(at).toLocaleTimeString(), kind: 'side' },
    ],
  };
}

/** @param {KeyView} key @param {number} now @returns {Row} */
function keyRow({ id, name, owner, realm, type, endsAt }, now) {
  const typeText = type === 'rest' ? '' : `, ${type.replace('_', '-')}`;
  return {
    key: id,
    cells: [
      { text: name, detail: `${id} of ${owner} (${realm})${typeText}` },
      { text: endsAt === null ? 'no end' : duration(endsAt - now), kind: 'left' },
    ],
    button: {
      label: 'Invalidate',
      title: `Invalidate the API key ${name} (${id})`,
      action: { action: 'invalidate key', id },
    },
  };
}

/** @param {TokenView} token @param {number} now @returns {Row} */
function tokenRow({ who, realm, endsAt, refreshEndsAt, number, service }, now) {
  const ends = service === undefined ? 'ended' : 'no end';
  const refresh = refreshEndsAt === null ? '' : `refresh ${duration(refreshEndsAt - now)}`;
  const action =
    service === undefined
      ? { action: 'invalidate token', number }
      : { action: 'delete service token', ...service };
  const title = service === undefined ? `Invalidate token ${number} of ${who}` : `Delete ${who}`;
  return {
    key: JSON.stringify(service ?? number),
    cells: [
      { text: who, detail: `${service === undefined ? `number ${number}, ` : ''}${realm}` },
      { text: endsAt === null ? ends : duration(endsAt - now), detail: refresh, kind: 'left' },
    ],
    button: { label: service === undefined ? 'Invalidate' : 'Delete', title, action },
  };
}

/** @param {UserView} user @returns {Row} */
function userRow({ username, realm, roles, enabled }) {
  return {
    key: `${realm}/${username}`,
    cells: [
      { text: username, detail: enabled ? realm : `${realm}, disabled` },
      { text: roles.join(', ') || 'none' },
    ],
    button: {
      label: 'End tokens',
      title: `End tokens of ${username}`,
      action: { action: 'invalidate tokens of user', username, realm },
    },
  };
}

/**
 * @template Item
 * @param {string} id
 * @param {Some<Item>} some
 * @param {(item: Item) => Row} row
 */
function fillSome(id, { total, items }, row) {
  fill(byId(id), items.map(row));
  write(byId(`${id}-count`), total > items.length ? `${items.length} of ${total}` : String(total));
}

/** The action of each button: it may change while the button stays. @type {WeakMap<Element, object>} */
const actions = new WeakMap();

/**
 * Makes the rows of a list or table those that are given, in their order.
 *
 * @param {HTMLElement} parent
 * @param {Row[]} rows
 */
function fill(parent, rows, rowTag = 'tr', cellTag = 'td') {
  /** @type {Map<string | undefined, HTMLElement>} */
  const old = new Map();
  for (const child of parent.children) if (child instanceof HTMLElement) old.set(child.dataset.key, child);
  rows.forEach(({ key, cells, button }, index) => {
    const row = old.get(key) ?? newRow(key, cells.length, button !== undefined, rowTag, cellTag);
    old.delete(key);
    cells.forEach((cell, at) => {
      writeCell(row.children[at], cell);
    });
    const control = row.querySelector('button');
    if (button !== undefined && control !== null) {
      write(control, button.label);
      control.setAttribute('aria-label', button.title);
      actions.set(control, button.action);
    }
    const there = parent.children[index];
    if (there !== row) parent.insertBefore(row, there ?? null);
  });
  for (const row of old.values()) keepFocus(row, true, () => row.remove());
}

/**
 * @param {string} key
 * @param {number} cells
 * @param {boolean} hasButton
 * @param {string} rowTag
 * @param {string} cellTag
 */
function newRow(key, cells, hasButton, rowTag, cellTag) {
  const row = document.createElement(rowTag);
  row.dataset.key = key;
  for (let i = 0; i < cells; i++) {
    row
      .appendChild(document.createElement(cellTag))
      .append(document.createElement('span'), document.createElement('small'));
  }
  if (hasButton) {
    const button = document.createElement('button');
    button.type = 'button';
    button.addEventListener('click', () => act(actions.get(button) ?? {}));
    row.appendChild(document.createElement(cellTag)).append(button);
  }
  return row;
}

/** @param {Element | undefined} element @param {Cell} cell */
function writeCell(element, { text, detail = '', kind = '' }) {
  if (element === undefined) return;
  if (element.className !== kind) element.className = kind;
  write(element.children[0], text);
  write(element.children[1], detail);
}

/** Leaves the element alone if nothing changes, so that a selection in it stays. @param {Element | undefined} element @param {string} text */
function write(element, text) {
  if (element !== undefined && element.textContent !== text) element.textContent = text;
}

/**
 * Takes an element away. If it has the focus, the heading of its section gets it, instead of nothing.
 *
 * @param {HTMLElement} element
 * @param {boolean} leaves
 * @param {() => void} change
 */
function keepFocus(element, leaves, change) {
  const heading = element.closest('section')?.querySelector('h2');
  const hadFocus = leaves && element.contains(document.activeElement);
  change();
  if (hadFocus) heading?.focus();
}

/** @param {string} text @param {string} kind */
function mark(text, kind) {
  write(byId('condition'), text);
  byId('condition').className = `mark ${kind}`;
}

/** The two largest units of a time. @param {number} ms */
function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  /** @type {[number, string][]} */
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

function makeOf() {
  return /** @type {HTMLSelectElement} */ (byId('make-of'));
}

function madeHeader() {
  return /** @type {HTMLInputElement} */ (byId('made-header'));
}

/** @param {string} id */
function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`no element #${id}`);
  return element;
}

for (const button of document.querySelectorAll('[data-advance]')) {
  button.addEventListener('click', () =>
    act({ action: 'advance', ms: Number(button.getAttribute('data-advance')) }),
  );
}
byId('break').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
  const times = form.get('times');
  void act({ action: 'break', how: form.get('how'), times: times === '' ? null : Number(times) });
});
byId('make').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { submitter } = /** @type {SubmitEvent} */ (event);
  const action = `make a ${submitter?.getAttribute('value')}`;
  const { authorization } = await act({ action, username: makeOf().value });
  byId('made').hidden = authorization === undefined;
  madeHeader().value = authorization === undefined ? '' : `Authorization: ${authorization}`;
});
byId('made').addEventListener('submit', async (event) => {
  event.preventDefault();
  const header = madeHeader();
  header.select();
  try {
    await navigator.clipboard.writeText(header.value);
    write(byId('said'), 'Copied.');
  } catch {
    write(byId('said'), 'This browser does not let the page copy it; it is selected.');
  }
});
byId('break-cluster').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
  void act({ action: 'break cluster', state: form.get('state') });
});
byId('mend').addEventListener('click', () => act({ action: 'mend', id: null }));
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer);
  if (!document.hidden) void watch();
});
void watch();
