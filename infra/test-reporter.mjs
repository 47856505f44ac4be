// A reporter for Node's test runner that writes one JSON line per finished test; infra/test.mjs reads them.
export default async function* reporter(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const error = data.details?.error;
    const cause = error?.cause ?? error;
    yield `${JSON.stringify({
      name: data.name,
      level: data.nesting,
      suite: data.details?.type === 'suite',
      failed: type === 'test:fail',
      // A parent that failed only because a test inside it did is not told twice.
      inherited: error?.failureType === 'subtestsFailed',
      skip: data.skip === undefined && data.todo === undefined ? undefined : String(data.skip ?? data.todo),
      error:
        error &&
        (typeof cause === 'object' && cause !== null ? (cause.stack ?? cause.message) : String(cause)),
    })}\n`;
  }
}
