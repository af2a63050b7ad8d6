// Shows who is signed in, or the form. Other tabs of this browser hear of it at once.

const part = (id) => document.getElementById(id);
const tabs = new BroadcastChannel('session');

async function show() {
  const response = await fetch('/me');
  const isIn = response.status === 200;
  // That it cannot be told now is no logout: what is shown stays.
  if (!isIn && response.status !== 401) {
    part('problem').textContent = 'Nobody can tell now who you are. Try again later.';
    return;
  }
  part('session').hidden = !isIn;
  part('login').hidden = isIn;
  if (!isIn) return;
  part('problem').textContent = '';
  part('who').textContent = (await response.json()).username;
}

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const { detail = 'That did not work.' } = response.ok ? {} : await response.json().catch(() => ({}));
  part('problem').textContent = response.ok ? '' : detail;
  tabs.postMessage('changed');
  await show();
}

part('login').addEventListener('submit', (event) => {
  event.preventDefault();
  void post('/login', Object.fromEntries(new FormData(event.target)));
  event.target.reset();
});
part('logout').addEventListener('click', () => post('/logout', {}));
tabs.addEventListener('message', show);
document.addEventListener('visibilitychange', () => document.hidden || show());
void show();
