// Shows who is signed in, or the form. Other tabs of this browser hear of it at once.

const part = (id) => document.getElementById(id);
const tabs = new BroadcastChannel('session');

async function show() {
  const response = await fetch('/me');
  const isIn = response.status === 200;
  part('session').hidden = !isIn;
  part('login').hidden = isIn;
  if (isIn) part('who').textContent = (await response.json()).username;
}

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  part('problem').textContent = response.ok ? '' : ((await response.json()).detail ?? 'That did not work.');
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
