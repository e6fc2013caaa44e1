import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOND } from '../../lab/net/hypervisor.js';
import { Story } from '../../support/story.js';

/** A guest that has spoken here, moved away at 100 s, and comes back. */
function away(): Story {
  const story = new Story();
  story.learned('tap1');
  story.heard('out');
  story.now = 100;
  story.learned(BOND);
  assert.equal(story.verdict, 'seen-on-uplink');
  return story;
}

test('a guest that comes back is announced, whichever of its frame and the word of the bridge is read first', () => {
  const bridgeFirst = away();
  bridgeFirst.now = 200;
  bridgeFirst.learned('tap1');
  assert.equal(bridgeFirst.verdict, 'seen-on-uplink', 'the word of the bridge alone is no proof');
  bridgeFirst.heard('out');
  assert.equal(bridgeFirst.verdict, null);

  const frameFirst = away();
  frameFirst.now = 200;
  frameFirst.heard('out');
  assert.equal(frameFirst.verdict, 'seen-on-uplink');
  frameFirst.now = 200.4;
  frameFirst.learned('tap1');
  assert.equal(frameFirst.verdict, null);
});

test('a frame that left earlier is no proof of a return', () => {
  const story = away();
  story.now = 200;
  story.heard('out');
  story.now = 200.6;
  story.learned('tap1');
  assert.equal(story.verdict, 'seen-on-uplink');
});

test('nor does a frame that left prove that who came in since is back', () => {
  const story = away();
  story.now = 200;
  story.heard('out');
  story.now = 200.1;
  story.heard('in');
  story.now = 200.2;
  story.learned('tap1');
  assert.equal(story.verdict, 'seen-on-uplink');
});
