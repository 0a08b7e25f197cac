/** The value that a text holds; undefined when it is not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller refuses it like any other value of the wrong form.
  }
};
