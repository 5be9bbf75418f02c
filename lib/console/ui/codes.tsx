/** Some names of the API beside each other, such as the types of a topic. */
export function Codes({ values, most }: { readonly values: readonly string[]; readonly most?: number }) {
  const shown = values.slice(0, most ?? values.length);
  return (
    <span className="codes">
      {shown.map((value) => (
        <code key={value}>{value}</code>
      ))}
      {shown.length < values.length && (
        <small title={values.join(' ')}>+{values.length - shown.length}</small>
      )}
    </span>
  );
}
