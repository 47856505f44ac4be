import type { JsonObject } from '@threadline/domain/canonical-json';
import { examples } from './openapi-examples.js';
import { answer, body, operation, PROBLEM, problems, refusal } from './openapi-operations.js';
import { text } from './openapi-shapes.js';

/** A decision of a person. */
const decide = (
  operationId: string,
  summary: string,
  description: string,
  example: JsonObject,
  more: JsonObject = {},
): JsonObject =>
  operation(operationId, 'identity', summary, 'act', {
    description: `Scope \`act\`. ${description} Nothing else is written to the log, and it can be undone.`,
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        schema: text('1 to 255 visible ASCII characters', { maxLength: 255 }),
        description: 'Sent again with the same key and body it is the same decision, and answered as before',
      },
    ],
    requestBody: { required: true, content: body('DecisionRequest', example) },
    responses: {
      202: answer('The decision is durable', body('Decided', examples.decided)),
      ...problems(400, 409, 503),
      413: refusal('Over 1 MiB, or a decision that could not be sent back once it is given out'),
      ...more,
    },
  });

export const linkOperation = decide(
  'linkParties',
  'A person says: all of these are the same as the first',
  'Also of identifiers that nobody has been named by yet.',
  examples.linkRequest,
);

export const unlinkOperation = decide(
  'unlinkParties',
  'A person says: these are not the rest of their customer',
  'The other side is that customer as it is now; undone by a link.',
  examples.unlinkRequest,
  {
    409: {
      description:
        'Nothing that could be parted: `unknown-party`, `several-customers`, `whole-customer`; or the ' +
        'Idempotency-Key was used for another decision: `conflict`',
      content: body('Problem', examples.notParted, PROBLEM),
    },
  },
);
