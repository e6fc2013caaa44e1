/** How long a run is watched before the link is cut, in ms. */
export const BEFORE_MS = 500;

/** And after it: as long as the picture's time line goes. */
export const AFTER_MS = 5_000;
