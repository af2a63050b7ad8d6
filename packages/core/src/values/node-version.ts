// What is said on a Node that is too old, before anything is loaded that it could not run. It imports nothing, and is
// written so that any Node can read it.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  const message = `esauth: @esauth/core needs Node 20.19, 22.12, 24 or later; this is ${process.versions.node}`;
  throw Object.assign(new Error(message), { code: 'unsupported_node' });
}
