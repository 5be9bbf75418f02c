/** Where a browser ended. */
interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

const pagesMax = 20;

/**
 * A person at a browser: it keeps cookies, follows redirects, and fills in the forms of the test provider with the name of an
 * account.
 */
export function createBrowser(account: string) {
  const cookies = new Map<string, string>();

  async function request(url: string, body?: URLSearchParams): Promise<Response> {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body !== undefined && { body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }

  return {
    /** Goes on until there is no form left, or until `isEnd` says so of an address, which is then not opened. */
    async open(start: string, isEnd: (url: string) => boolean = () => false): Promise<Page> {
      let url = start;
      let body: URLSearchParams | undefined;
      for (let pages = 0; pages < pagesMax; pages++) {
        if (isEnd(url)) return { url, status: 0, text: '' };
        const response = await request(url, body);
        const location = response.headers.get('location');
        const text = await response.text();
        if (location !== null) {
          url = new URL(location, url).href;
          body = undefined;
          continue;
        }
        const form = /<form[^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/s.exec(text);
        if (form === null) return { url, status: response.status, text };
        const [, action = '', inputs = ''] = form;
        body = new URLSearchParams();
        for (const [input] of inputs.matchAll(/<input[^>]*>/g)) {
          const name = /name="([^"]*)"/.exec(input)?.[1];
          const value = /value="([^"]*)"/.exec(input)?.[1];
          if (name !== undefined) body.set(name, value ?? { login: account, password: 'x' }[name] ?? '');
        }
        url = new URL(action.replaceAll('&amp;', '&'), url).href;
      }
      throw new Error(`The browser did not come to an end; it was last at ${url}`);
    },
  };
}
