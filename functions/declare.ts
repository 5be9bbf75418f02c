import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { declare } from '../lib/app/declaration/declare.ts';
import { parseDeclaration } from '../lib/connectors/declaration.ts';
import { sinks } from '../lib/connectors/index.ts';
import { open } from '../lib/runtime/open.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import {
  applications,
  breakers,
  deadLetters,
  grants,
  held,
  holds,
  holdWatches,
  keys,
  mappings,
  offloads,
  places,
  recurrences,
  redrives,
  registry,
  requests,
  schemas,
  secrets,
  validations,
  waiting,
  waitingCounts,
} from '../lib/runtime/stores.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';

/**
 * The custom resource of the stack: writes what busbar.config.ts declares into the registry. It answers to a URL
 * that CloudFormation hands it, always, since CloudFormation waits an hour for a lost answer.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export function create(runtime: Runtime) {
  const tools = open(runtime, {
    applications,
    breakers,
    deadLetters,
    grants,
    held,
    holds,
    holdWatches,
    keys,
    mappings,
    offloads,
    places,
    recurrences,
    redrives,
    registry,
    requests,
    schemas,
    secrets,
    sinks: () => sinks,
    validations,
    waiting,
    waitingCounts,
  });
  return async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    let failure: unknown;
    try {
      // On Delete the table goes with the stack, or is retained as it is.
      if (event.RequestType !== 'Delete') {
        await declare(tools, parseDeclaration(JSON.parse(event.ResourceProperties.Declaration)));
      }
    } catch (error) {
      failure = error;
      runtime.log('error', 'The declaration failed', { reason: String(error) });
    }
    const answer = await runtime.http.send({
      method: 'PUT',
      url: event.ResponseURL,
      // The URL is signed for an empty content type.
      headers: { 'content-type': '' },
      body: JSON.stringify({
        Status: failure === undefined ? 'SUCCESS' : 'FAILED',
        Reason: failure === undefined ? 'Declared' : String(failure).slice(0, 3000),
        PhysicalResourceId: `${tools.prefix}-declaration`,
        StackId: event.StackId,
        RequestId: event.RequestId,
        LogicalResourceId: event.LogicalResourceId,
      }),
      timeoutMs: 10_000,
    });
    if (answer.kind === 'failure' || answer.status >= 300) {
      const reason = answer.kind === 'failure' ? answer.message : `it answered ${answer.status}`;
      throw new Error(`CloudFormation could not be told the outcome: ${reason}`);
    }
  };
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
