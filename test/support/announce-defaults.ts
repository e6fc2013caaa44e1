import { readConfig } from '../../src/config/read-config.js';

/** What is announced, when and how fast, where the configuration says nothing of it. */
export const ANNOUNCE_DEFAULTS = readConfig(null).config.announce;
