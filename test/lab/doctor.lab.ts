import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/doctor/finding.js';
import { BONDHERALD, runIn } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';
import { mustRun } from './net/ip.js';
import { labFor } from './net/lab.js';

/** What the doctor says in the hypervisor, with its exit code. */
async function doctor(): Promise<{ code: number | null; findings: Finding[] }> {
  const { code, stdout, stderr } = await runIn([BONDHERALD, 'doctor', '--json']);
  assert.equal(stderr, '');
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { code, findings };
}

/** The finding of that name, which must be there; then its cure is carried out, and it must be gone. */
async function cured(id: Finding['id'], exitCode: number): Promise<Finding> {
  const before = await doctor();
  const finding = before.findings.find((each) => each.id === id);
  assert.ok(finding, `${id} is among ${JSON.stringify(before)}`);
  assert.equal(before.code, exitCode);
  await mustRun(['ip', 'netns', 'exec', 'hv', 'sh', '-c', finding.cure]);
  const after = await doctor();
  assert.ok(!after.findings.some((each) => each.id === id), JSON.stringify(after));
  return finding;
}

test('a bridge that forgets MACs while hosts still send to them: found, cured, gone', async (t) => {
  await labFor(t, { attach: plainBridge() });
  const { subject, level } = await cured('bridge-ageing', 0);
  assert.deepEqual([subject, level], ['br0', 'advice']);
  const { code, stdout } = await runIn([BONDHERALD, 'doctor']);
  assert.deepEqual([code, stdout], [0, 'nothing to fix\n']);
});
