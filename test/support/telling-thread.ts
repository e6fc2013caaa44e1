import { dataOfThisThread, ownerOfThisThread } from '../../src/sys/process/thread.js';

/** A thread that says a word at once, then what it was given, then what it is told first; -1 makes it fail. */
const owner = ownerOfThisThread<number, number | string>();
owner.post('began');
const everybody = new BroadcastChannel('telling-thread');
everybody.postMessage('began');
everybody.close();
const data = dataOfThisThread();
owner.post(data);
if (data < 0) throw new Error('told to fail');
for (;;) {
  const [told] = owner.received();
  if (told === undefined) continue;
  owner.post(told);
  break;
}
