/** Property names with a meaning of their own in JavaScript. They are rejected: as keys, they could alter prototypes. */
export const reservedNames: readonly string[] = ['__proto__', 'constructor', 'prototype'];
