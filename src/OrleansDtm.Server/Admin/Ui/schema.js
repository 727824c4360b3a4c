// Reads schemas of the OpenAPI document.
import { t } from './i18n.js';

/** Follows a $ref. */
export const resolve = (api, node) => node?.$ref
  ? { ...node.$ref.slice(2).split('/').reduce((at, part) => at[part], api), name: node.name }
  : node;

/** The name of a schema: that of its component, or its type. */
export function nameOf(schema) {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  const options = schema.oneOf ?? schema.anyOf;
  if (options) return options.map(nameOf).join(t('schema.or'));
  const types = [schema.type ?? t('schema.any')].flat();
  return types.map(type => type === 'array' ? `${nameOf(schema.items)}[]` : type).join(t('schema.or'));
}

const limits = schema => [
  schema.enum && schema.enum.join(', '),
  schema.default !== undefined && t('schema.default', { value: schema.default }),
  schema.minimum !== undefined && t('schema.from', { value: schema.minimum }),
  schema.maximum !== undefined && t('schema.to', { value: schema.maximum }),
  schema.maxLength !== undefined && schema.maxLength < 2 ** 31 - 1 && t('schema.maxLength', { value: schema.maxLength }),
  schema.format,
].filter(Boolean).join('; ');

function row(name, schema, text, required) {
  const more = limits(schema);
  return { name, required, type: more ? `${nameOf(schema)}; ${more}` : nameOf(schema), text: text ?? '' };
}

/** The members of an object, and below them those of its members that are objects. */
export function fields(api, schema, prefix = '', depth = 0) {
  const object = resolve(api, schema);
  return Object.entries(object?.properties ?? {}).flatMap(([name, member]) => {
    const inner = [member, ...(member.oneOf ?? []), member.items].find(s => s?.$ref);
    const suffix = member.items ? '[]' : '';
    const text = member.description ?? (inner ? resolve(api, inner).description : '');
    return [
      row(prefix + name + suffix, member, text, object.required?.includes(name)),
      ...(inner && depth < 2 ? fields(api, inner, `${prefix}${name}${suffix}.`, depth + 1) : []),
    ];
  });
}

/** A parameter of the query or path. */
fields.parameter = (api, p) => row(p.name, p.schema, p.description, p.required);
