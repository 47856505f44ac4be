import { randomUUID } from 'node:crypto';
import { GossipService, type IGossipServer } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import {
  ServerFeaturesService,
  type IServerFeaturesServer,
} from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { uuidOf } from './wire.js';

/** The release of EventStoreDB whose answers these are; clients choose their methods by it. */
const VERSION = '24.10.0';

/** What each method does beyond its name, as EventStoreDB lists it. */
const FEATURES: Readonly<Record<string, readonly string[]>> = {
  batchAppend: ['deadline_duration'],
  read: ['position'],
};

/** `ServerFeatures.GetSupportedMethods`: exactly what there is. */
export function supportedMethods(): IServerFeaturesServer['getSupportedMethods'] {
  const answer = new features.SupportedMethods();
  answer.setEventStoreServerVersion(VERSION);
  for (const service of [StreamsService, GossipService, ServerFeaturesService]) {
    for (const [name, definition] of Object.entries(service)) {
      const [, path = '', method = ''] = (definition as { path: string }).path.split('/');
      const supported = new features.SupportedMethod();
      supported.setServiceName(path);
      supported.setMethodName(method.toLowerCase());
      supported.setFeaturesList([...(FEATURES[name] ?? [])]);
      answer.addMethods(supported);
    }
  }
  return (_call, reply) => reply(null, answer);
}

/** `Gossip.Read`: one node, which leads. */
export function gossipRead(
  address: () => { readonly host: string; readonly port: number },
  clock: () => number,
): IGossipServer['read'] {
  const instance = randomUUID();
  return (_call, reply) => {
    const { host, port } = address();
    const endPoint = new gossip.EndPoint();
    endPoint.setAddress(host);
    endPoint.setPort(port);
    const member = new gossip.MemberInfo();
    member.setInstanceId(uuidOf(instance));
    member.setTimeStamp(String(BigInt(clock()) * 10_000n));
    member.setState(gossip.MemberInfo.VNodeState.LEADER);
    member.setIsAlive(true);
    member.setHttpEndPoint(endPoint);
    const cluster = new gossip.ClusterInfo();
    cluster.addMembers(member);
    reply(null, cluster);
  };
}
