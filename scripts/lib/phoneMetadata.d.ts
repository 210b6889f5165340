import type { MetadataJson } from 'libphonenumber-js/core';

export function withoutFormats(metadata: MetadataJson): MetadataJson;
