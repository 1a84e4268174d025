// A phone in the same network as the demo: every address leads it back there, and what was signed stays signed.

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, afterEach, before, describe, test } from 'node:test';
import { demo as startDemo } from '../support/demo.mjs';
import { ledger } from '../support/hospital.mjs';
import { ALIPAY, WECHAT, launch, phone } from '../support/phone.mjs';
import { goToConfirm, openSheet, typePassword } from '../support/steps.mjs';

const address = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('a phone in the network', () => {
  let browser;
  let demo;

  before(async () => {
    browser = await launch();
  });

  afterEach(() => demo?.stop());

  after(() => browser?.close());

  for (const [app, agent] of [['wechat', WECHAT], ['alipay', ALIPAY]]) {
    test(`pays in ${app} without ever being led to the machine's own loopback`, async () => {
      if (!address) {
        await assert.rejects(startDemo({ more: ['--lan'] }), /try --listen/);
        return;
      }
      demo = await startDemo({ more: ['--listen', address] });
      assert.ok(demo.lan_link.startsWith(`http://${address}:`));
      const device = await phone(browser, demo, { agent });
      const asked = new Set();
      device.page.on('request', (request) => asked.add(new URL(request.url()).hostname));
      await device.page.goto(demo.lan_link);
      await device.heading(/待缴费/);
      await goToConfirm(device);
      await openSheet(device);
      await typePassword(device);
      await device.heading('支付成功');
      assert.deepEqual([...asked], [address]);
      assert.equal((await ledger(demo)).length, 3);
      await device.close();
    });
  }
});
