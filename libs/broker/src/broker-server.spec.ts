import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { Controller, Module, UseFilters } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { of } from 'rxjs';
import { ThreadlineError } from '@threadline/platform/errors';
import { BrokerServer } from './broker-server.js';
import { EmbeddedBroker } from './embedded-broker.js';
import { KeepErrors } from './keep-errors.js';
import type { Message } from './broker.js';

@Controller()
@UseFilters(KeepErrors)
class EchoController {
  @MessagePattern('echo')
  async echo(@Payload() { body, headers }: Message): Promise<unknown> {
    return { text: Buffer.from(body).toString('utf8'), headers };
  }

  @MessagePattern('stream')
  stream(): unknown {
    return of(1, 2);
  }

  @MessagePattern('fail')
  fail(): never {
    throw new ThreadlineError('no room', { code: 'store-full', retriable: true, status: 503 });
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

describe('BrokerServer', () => {
  it('feeds Nest’s handlers from a broker and brings their answers and errors back', async () => {
    const { port1, port2 } = new MessageChannel();
    const publisher = new EmbeddedBroker(port1);
    const strategy = new BrokerServer(new EmbeddedBroker(port2));
    const app = await NestFactory.createMicroservice(EchoModule, { strategy, logger: false });
    await app.listen();
    const publish = (topic: string): Promise<unknown[]> =>
      publisher.publish([{ topic, headers: { a: 'b' }, body: Buffer.from('héllo') }]);
    assert.deepEqual(await publish('echo'), [{ text: 'héllo', headers: { a: 'b' } }]);
    assert.deepEqual(await publish('stream'), [2]);
    await assert.rejects(publish('fail'), {
      code: 'store-full',
      retriable: true,
      status: 503,
      message: 'no room',
    });
    await assert.rejects(publish('nowhere'), { code: 'unhandled-topic' });
    await publisher.close();
    await app.close();
  });
});
