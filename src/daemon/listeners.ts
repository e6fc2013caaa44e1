import type { AnnouncementListener } from '../wire/bond-announcements.js';

/** Tells each of them, in their order. */
export function tellAll(...listeners: readonly AnnouncementListener[]): AnnouncementListener {
  return {
    began: (...told) => listeners.forEach((each) => each.began(...told)),
    sent: (...told) => listeners.forEach((each) => each.sent(...told)),
    firstFrameOut: (...told) => listeners.forEach((each) => each.firstFrameOut(...told)),
    firstRoundOut: (...told) => listeners.forEach((each) => each.firstRoundOut(...told)),
    refused: (...told) => listeners.forEach((each) => each.refused(...told)),
    ended: (...told) => listeners.forEach((each) => each.ended(...told)),
  };
}
