// Prints how many requests a browser with an empty cache makes until the page at the given address has settled.
//   node end2end/first-visit.mjs http://127.0.0.1:3000
import { chromium } from 'playwright-core';

const browser = await chromium.launch({
  executablePath: process.env.CHROME || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage();
let requests = 0;
page.on('request', () => requests++);
await page.goto(process.argv[2], { waitUntil: 'networkidle' });
console.log(requests);
await browser.close();
