import { ConnectionStringError } from '../errors.js';

const SCHEME = /^(?:esdb|kurrentdb)(\+discover)?:\/\/(?=.)/;

/** Options that the driver takes and then does not do. */
const REFUSED: Readonly<Record<string, { readonly value: string; readonly why: string }>> = {
  tlsverifycert: {
    value: 'false',
    why: 'has tlsVerifyCert=false, which the driver ignores: name the authority by tlsCAFile instead',
  },
  throwonappendfailure: {
    value: 'false',
    why: 'has throwOnAppendFailure=false: appends that failed would look like others',
  },
};

/**
 * The connection string as the driver takes it, which knows only the older names of the scheme.
 * @throws ConnectionStringError where the driver would silently do something else than it says
 */
export function driverConnectionString(text: string): string {
  const scheme = SCHEME.exec(text);
  if (scheme === null) throw new ConnectionStringError('does not begin with esdb:// or kurrentdb://');
  const [whole, discover = ''] = scheme;
  const rest = text.slice(whole.length);
  const [place = '', query = ''] = rest.split('?', 2);
  for (const pair of query.split('&')) {
    const [name = '', value = ''] = pair.split('=', 2);
    const key = name.toLowerCase().replace(/[_-]/g, '');
    const refused = REFUSED[key];
    if (refused?.value === value.trim()) throw new ConnectionStringError(refused.why);
    if (key === 'tls' && value.trim() === 'false' && place.includes('@')) {
      throw new ConnectionStringError(
        'has credentials and tls=false: without TLS the driver leaves them out; take one of them away',
      );
    }
  }
  return `esdb${discover}://${rest}`;
}
