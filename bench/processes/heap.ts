/**
 * Preloaded into the bus (`--import`, with `--expose-gc`): answers each message of the parent process with the size of
 * the heap after a full garbage collection. The bus itself does not know about it.
 */
process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heapMb: process.memoryUsage().heapUsed / 2 ** 20, collects: globalThis.gc !== undefined });
});
// The bus has its own process group, but must not outlive its parent.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The channel must not keep the bus alive.
process.channel?.unref();
