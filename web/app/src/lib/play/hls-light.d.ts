// SPDX-License-Identifier: Apache-2.0
declare module 'hls.js/light' {
  export * from 'hls.js';
  export { default } from 'hls.js';
}
