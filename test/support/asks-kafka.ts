import { KafkaDriver } from '@threadline/broker/kafka/driver';
import { createLogger } from '@threadline/platform/logger';

// A process that asks a Kafka whenever it is told to, and tells whether it was answered. Its argument: where Kafka is.

const [broker = ''] = process.argv.slice(2);
const log = createLogger({ level: 'silent' });
const driver = new KafkaDriver({ brokers: [broker], clientId: 'tests', log });
await driver.connect();
process.on('message', () => {
  driver.ping().then(
    () => process.send?.(true),
    () => process.send?.(false),
  );
});
process.once('disconnect', () => process.exit());
process.send?.(true);
