/** Stands in for the program until there is one: logs, serves metrics, ends on SIGTERM; `--mute` never gets ready. */
import { createServer } from 'node:http';
import { METRICS_PORT } from './net/daemon.js';

const server = createServer((asked, answer) => {
  answer.statusCode = asked.url === '/metrics' ? 200 : 404;
  answer.end('bondherald_bond_failovers_total{bond="bond0"} 2\n');
});
if (process.argv.includes('--broken')) {
  console.error('config: no such bond');
  process.exit(2);
}
server.listen(METRICS_PORT, '127.0.0.1', () => {
  console.error(process.argv.includes('--mute') ? 'still looking' : 'bondherald is ready');
});
process.on('SIGTERM', () => {
  console.log('bye');
  server.close();
  server.closeAllConnections();
});
