// What the hospital and the gateway know, read where their own people read it.

import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 15_000;

/** Asks again and again until it is so; for what no page waits for by itself. */
export async function until(isSo) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`it never came to be so: ${isSo}`);
    await pause(100);
  }
}

async function hisPage(demo) {
  return (await fetch(`${demo.his_url}?card=${demo.card_no}`)).text();
}

/** The hospital's book: one row for every slip that was charged or refunded, newest first. */
export async function ledger(demo) {
  const [, table = ''] = (await hisPage(demo)).split('<h2>收费台账</h2>');
  const rows = [...table.matchAll(/<tr>(<td.*?)<\/tr>/gs)];
  return rows.map(([, row]) => {
    const [, what, slip, number, , amount] = [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, text]) => text);
    return { what, slip, number, amount };
  });
}

/** The numbers of the patient's slips, oldest first. */
export async function slipNumbers(demo) {
  return [...(await hisPage(demo)).matchAll(/<span class="code slip-no">([^<]+)<\/span>/g)].map(([, number]) => number);
}
