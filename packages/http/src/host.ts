const pattern = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+(?:%[\w.-]+)?\])(?::\d{1,5})?$/i;

/** Whether the value of a `Host` header is a name or an address, with a port or without (RFC 9112, 3.2). */
export const isHost = (value: string): boolean => pattern.test(value);
