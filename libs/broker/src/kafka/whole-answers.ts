/** Each answer of Kafka begins with its length (https://kafka.apache.org/protocol.html#protocol_common). */
const LENGTH = 4;

/**
 * Takes what comes over a connection in whatever pieces, and gives on whole answers only, one or several. The driver
 * (kafkajs 2.2.4) would keep the beginning of an answer that was cut off, and read all that comes over the next connection
 * as its rest: for ever.
 */
export function wholeAnswers(take: (answers: Buffer) => void): (piece: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;
  /** Bytes with which the first answer is whole, as far as its length is known. */
  let needed = LENGTH;
  return (piece) => {
    pieces.push(piece);
    held += piece.length;
    if (held < needed) return;
    const bytes = pieces.length === 1 ? piece : Buffer.concat(pieces, held);
    let whole = 0;
    needed = LENGTH;
    while (whole + LENGTH <= held) {
      needed = LENGTH + bytes.readInt32BE(whole);
      if (whole + needed > held) break;
      whole += needed;
      needed = LENGTH;
    }
    const rest = bytes.subarray(whole);
    pieces = rest.length === 0 ? [] : [rest];
    held = rest.length;
    if (whole > 0) take(bytes.subarray(0, whole));
  };
}
