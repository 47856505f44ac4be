import type { DecisionType, IdentityRulesApplied } from '@threadline/domain/decision';
import { NOT_BLANK, type JsonSchema } from './event-schema.js';

const text = (description?: string): JsonSchema => ({ type: 'string', ...(description && { description }) });

const party: JsonSchema = {
  type: 'object',
  properties: {
    kind: { ...text('Namespace, as of an identifier'), pattern: NOT_BLANK },
    value: { ...text('Normalised on the way in'), pattern: NOT_BLANK },
    forgotten: {
      type: 'boolean',
      const: true,
      description: 'Its key was gone when it was given out: it is passed over',
    },
  },
  required: ['kind'],
  additionalProperties: false,
  if: { required: ['forgotten'] },
  else: { properties: { value: { type: 'string', pattern: NOT_BLANK } }, required: ['value'] },
};

const parties = (least: number, description: string): JsonSchema => ({
  type: 'array',
  items: party,
  minItems: least,
  description,
});

const by: JsonSchema = {
  type: 'object',
  properties: {
    key: { ...text('Id of the key that it came with'), minLength: 1 },
    label: text('Of that key'),
    staff: {
      type: 'object',
      properties: { id: text(), name: text() },
      description: 'Whoever was at the screen',
    },
  },
  required: ['key'],
};

const decision = (lists: Record<string, JsonSchema>): JsonSchema => ({
  type: 'object',
  properties: {
    ...lists,
    reason: text('Why'),
    by,
    // Whom it names stands in its own lists, each sealed under a key of its own.
    identifiers: false,
  },
  required: Object.keys(lists),
});

/** `data` of what is kept beside interactions; a key with the scope `admin` may send it. */
export const DECISION_DATA: Readonly<Record<DecisionType | IdentityRulesApplied['type'], JsonSchema>> = {
  'identity.linked': decision({ parties: parties(2, 'All of them are the same as the first') }),
  'identity.unlinked': decision({
    parties: parties(1, 'They are not the rest'),
    rest: parties(1, 'All others of their customer, as it was at that moment'),
  }),
  'identity.rules.applied': {
    type: 'object',
    properties: {
      rules: { type: 'object', description: 'The whole file' },
      by,
      identifiers: false,
    },
    required: ['rules'],
  },
};
