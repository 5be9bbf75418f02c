/**
 * Loaded into the bus before anything else (`--import`, with `--expose-gc`): answers each message of the process that
 * started it with what the heap holds after a full collection. The bus itself knows nothing of it.
 */
process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heapMb: process.memoryUsage().heapUsed / 2 ** 20, collects: globalThis.gc !== undefined });
});
// It is in a group of its own, and must not outlive who started it.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// Whoever listens must not keep the bus alive.
process.channel?.unref();
