// The steps of a payment, in the words of the pages. Each ends when the next page stands there.

/** Six digits on the simulator's keypad. */
export async function typePassword(device, digits = '135790') {
  for (const digit of digits) await device.page.getByRole('button', { name: digit, exact: true }).click();
}

/** From the code on the slip to the list. Inside an app the authorisation is silent. */
export async function scan(device, demo) {
  await device.page.goto(demo.link);
  await device.heading(/待缴费|to pay/);
}

/** From the list to the last look. */
export async function goToConfirm(device) {
  await device.button('下一步').click();
  await device.heading('短信发到哪个手机？');
  await device.button('下一步').click();
  await device.heading('核对后付款');
}

/** The pay button of the last look; `¥` belongs to it, so that no other button is meant. */
export function payButton(device) {
  return device.button(/¥/);
}

/** Presses it, and waits for the simulator's sheet. */
export async function openSheet(device) {
  await payButton(device).click();
  await device.heading('输入模拟支付密码');
}

/** The whole way from the slip to "paid". */
export async function pay(device, demo) {
  await scan(device, demo);
  await goToConfirm(device);
  await openSheet(device);
  await typePassword(device);
  await device.heading('支付成功');
}
