import { type SiteRequest, siteAnswer } from '../../core/console/file.ts';
import type { Site } from '../../runtime/site.ts';

interface Served {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body?: string;
}

/** Answers a request for the console from the files that were built with it. `origins` are those that the page may call. */
export function serve(site: Site, origins: readonly string[], request: SiteRequest): Served {
  const { status, headers, body } = siteAnswer(request, site.files, origins);
  return { status, headers, ...(body !== undefined && { body: site.body(body.path, body.coding) }) };
}
