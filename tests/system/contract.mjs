// Every answer that a play gets is held against the document that describes the API.
//
// The status has to be one that the operation names, the content type one that the status names, the body as its schema says, with no
// member that the schema does not know.  A body that was accepted has to be one that the document allows.  What is said for unknown
// addresses and by nginx itself has to be a problem document.

import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const verbs = ['get', 'post', 'put', 'patch', 'delete'];
const addresses = /^\/(api\/|healthz$|readyz$|metrics$|twilio-call|mcp$)/;
/** What nginx may say before a worker hears of the request. */
const front = [400, 405, 408, 413, 414, 429, 431, 500, 501, 503];

/** Objects know their members: in answers nothing is left over. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!schema || typeof schema !== 'object') return schema;
  const all = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return schema.properties && typeof schema.properties === 'object' && schema.type ? { additionalProperties: false, ...all } : all;
}

function validators(schemas) {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
  formats(ajv);
  ajv.addSchema({ $id: 'outdial', $defs: schemas });
  const compiled = new Map();
  return (schema) => {
    const key = JSON.stringify(schema);
    if (!compiled.has(key)) compiled.set(key, ajv.compile(schema));
    return compiled.get(key);
  };
}

export class Contract {
  constructor(document) {
    this.document = JSON.parse(JSON.stringify(document).replaceAll('#/components/schemas/', 'outdial#/$defs/'));
    const { schemas } = this.document.components;
    this.answers = validators(closed(schemas));
    this.requests = validators(schemas);
    this.paths = Object.entries(this.document.paths).map(([pattern, item]) => ({ pattern, item, segments: pattern.split('/') }));
  }

  /** The path item; a segment that is written out beats a named one. */
  find(path) {
    const segments = path.split('/');
    const named = (segment) => segment.startsWith('{');
    const fits = this.paths.filter((candidate) => candidate.segments.length === segments.length &&
      candidate.segments.every((segment, i) => named(segment) || segment === segments[i]));
    fits.sort((a, b) => {
      const i = a.segments.findIndex((segment, k) => named(segment) !== named(b.segments[k]));
      return i < 0 ? 0 : named(a.segments[i]) - named(b.segments[i]);
    });
    return fits[0];
  }

  whole(object) {
    return object?.$ref ? object.$ref.slice(2).split('/').reduce((at, name) => at[name], this.document) : object;
  }

  /** What is wrong with the answer, as a sentence; nothing when it is as described. */
  wrong(method, url, request, answer) {
    const path = url.split('?')[0];
    if (!addresses.test(path)) return undefined;
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
    const found = this.find(path);
    const operation = found?.item[verb];
    if (!operation) return this.undescribed(found, verb, answer);
    const response = this.whole(operation.responses[answer.status]);
    if (!response) return front.includes(answer.status) ? this.problem(answer) : `${answer.status} is not among the answers of ${verb} ${found.pattern}`;
    return this.body(response, method, answer) ?? this.accepted(operation, request, answer);
  }

  undescribed(found, verb, answer) {
    if (found && verb === 'options' && answer.status === 204) return undefined;
    const expected = found ? [405, ...front] : [404, ...front];
    if (!expected.includes(answer.status)) return `${answer.status} from an address that the document does not have`;
    return answer.text ? this.problem(answer) : undefined;
  }

  problem(answer) {
    return this.body(this.document.components.responses.internal, 'GET', answer);
  }

  body(response, method, answer) {
    const type = (answer.headers.get('content-type') ?? '').split(';')[0];
    if (!response.content) return answer.text ? `a body where none is described: ${answer.text.slice(0, 200)}` : undefined;
    const media = response.content[type];
    if (!media) return `content type "${type}" is not among ${Object.keys(response.content).join(', ')}`;
    if (method === 'HEAD' || !/json/.test(type)) return undefined;
    const validate = this.answers(media.schema);
    return validate(answer.body) ? undefined : this.sentence('answer', validate.errors);
  }

  /** What was taken has to be what the document lets people send. */
  accepted(operation, request, answer) {
    const media = operation.requestBody?.content['application/json'];
    if (!media || answer.status >= 300 || typeof request !== 'string' || !request) return undefined;
    const validate = this.requests(media.schema);
    return validate(JSON.parse(request)) ? undefined : this.sentence('request that was accepted', validate.errors);
  }

  sentence(what, errors) {
    return errors.slice(0, 5).map((error) => `in the ${what}, ${error.instancePath || '/'} ${error.message}` +
      (error.params.additionalProperty ? ` (${error.params.additionalProperty})` : '') +
      (error.params.allowedValues ? ` (${error.params.allowedValues.join(', ')})` : '')).join('; ');
  }
}
