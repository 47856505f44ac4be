import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { asyncApiDocument } from '@threadline/contracts/asyncapi';
import { openApiDocument } from '@threadline/contracts/openapi';

/** `/openapi.json`, `/asyncapi.json`, and `/docs`: Swagger UI from our own disk, nothing from a CDN. */
export function serveDocuments(app: NestFastifyApplication, version: string): void {
  const openApi = JSON.stringify(openApiDocument(version));
  const asyncApi = JSON.stringify(asyncApiDocument(version));
  const fastify = app.getHttpAdapter().getInstance();
  const json = 'application/json; charset=utf-8';
  fastify.get('/openapi.json', (_request, reply) => reply.type(json).send(openApi));
  fastify.get('/asyncapi.json', (_request, reply) => reply.type(json).send(asyncApi));
  SwaggerModule.setup('docs', app, () => JSON.parse(openApi) as OpenAPIObject, {
    customSiteTitle: 'Threadline',
    raw: false,
    swaggerOptions: { persistAuthorization: true, docExpansion: 'list' },
  });
}
