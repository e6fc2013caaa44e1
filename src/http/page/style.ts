import { BASE_STYLE } from './base-style.js';
import { COLOURS } from './colours.js';
import { PARTS_STYLE } from './parts-style.js';

/** The style of the page. Nothing else may style it: the Content-Security-Policy names these texts by their hashes. */
export const STYLES = [COLOURS, BASE_STYLE, PARTS_STYLE];

/** What a browser takes the hashes of: the texts between the tags. */
export const STYLE_TEXTS = STYLES.map(({ text }) => text.slice('<style>'.length, -'</style>'.length));
