import type { Chromium } from './chromium.js';

/** How a page is looked at. */
export interface Look {
  width: number;
  dark: boolean;
}

/** Height of the window in CSS pixels; a screenshot shows the page as far down as it goes, or as asked for. */
const HEIGHT = 800;

/** A tab of the browser, and all that went wrong or elsewhere in it. */
export class Tab {
  /** Errors and warnings of the console, among them violations of the Content-Security-Policy. */
  readonly complaints: string[] = [];
  /** The address of each request, in their order. */
  readonly requests: string[] = [];
  #session = '';
  #loaded: () => void = () => undefined;

  private constructor(private readonly chromium: Chromium) {}

  static async open(chromium: Chromium, { width, dark }: Look): Promise<Tab> {
    const tab = new Tab(chromium);
    tab.#session = await chromium.open((method, params) => tab.#note(method, params));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Audits', 'Security'])
      await tab.call(`${domain}.enable`);
    const mobile = width < 600;
    await tab.call('Emulation.setDeviceMetricsOverride', { width, height: HEIGHT, deviceScaleFactor: 1, mobile });
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
    await tab.call('Emulation.setEmulatedMedia', { features });
    return tab;
  }

  /** Goes to an address and resolves when the page is loaded. */
  async go(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => (this.#loaded = resolve));
    const { errorText } = await this.call('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${String(errorText)}`);
    await loaded;
  }

  /** Does something in the page that takes it elsewhere, and resolves when that page is loaded. */
  async follow(expression: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => (this.#loaded = resolve));
    await this.value(expression);
    await loaded;
  }

  /** The value of an expression in the page. The page itself may run no scripts; the debugger may. */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression,
      returnByValue: true,
      userGesture: true, // a click that nobody made is an issue to Chromium
    });
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value as T;
  }

  /**
   * A part of the page as a PNG.
   * @param height how far down, in CSS pixels
   * @param from where it begins: a selector
   */
  async screenshot(height: number, from = 'body'): Promise<Buffer> {
    const top = await this.value<number>(`document.querySelector('${from}').getBoundingClientRect().top + scrollY`);
    const { cssContentSize } = await this.call('Page.getLayoutMetrics');
    const clip = { x: 0, y: top, scale: 1, width: cssContentSize.width, height };
    const { data } = await this.call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip });
    return Buffer.from(String(data), 'base64');
  }

  call(method: string, params: object = {}): Promise<Record<string, any>> {
    return this.chromium.call(method, params, this.#session);
  }

  #note(method: string, params: Record<string, any>): void {
    if (method === 'Page.loadEventFired') this.#loaded();
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
    if (method === 'Log.entryAdded' && params.entry.level !== 'verbose')
      this.complaints.push(`${params.entry.level}: ${params.entry.text}`);
    if (method === 'Runtime.consoleAPICalled') this.complaints.push(`console: ${JSON.stringify(params.args)}`);
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params.exceptionDetails));
    if (method === 'Audits.issueAdded') this.complaints.push(JSON.stringify(params.issue));
    if (method === 'Page.javascriptDialogOpening') this.complaints.push(`dialog: ${params.message}`);
  }
}
