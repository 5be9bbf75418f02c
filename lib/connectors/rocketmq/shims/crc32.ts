/**
 * Takes the place of `@node-rs/crc32` in bundles: that one is native, one binary for each platform, and Node has
 * the same function.
 */
export { crc32 } from 'node:zlib';
