/** Icons, drawn with the colour of the text; a name beside them says what they mean. */
const shapes = {
  check: 'M4 10.5l4 4 8-9',
  cross: 'M5 5l10 10M15 5L5 15',
  alert: 'M10 3l8 14H2L10 3zm0 5v4m0 2.5v.5',
  dot: 'M10 7a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  dash: 'M5 10h10',
  copy: 'M7 7V4h9v9h-3M4 7h9v9H4z',
  search: 'M9 3a6 6 0 1 1 0 12A6 6 0 0 1 9 3zm4.5 10.5L18 18',
  menu: 'M3 5h14M3 10h14M3 15h14',
  down: 'M5 8l5 5 5-5',
  up: 'M5 12l5-5 5 5',
  sort: 'M7 4v12m-3-3l3 3 3-3m3 3V4m-3 3l3-3 3 3',
  more: 'M4 10h.01M10 10h.01M16 10h.01',
  play: 'M6 4l10 6-10 6z',
  pause: 'M6 4v12M14 4v12',
  skip: 'M4 4l8 6-8 6zM15 4v12',
  redo: 'M16 4v5h-5M15.5 9A6 6 0 1 0 16 13',
  key: 'M8 8a4 4 0 1 1-2.5 5M8 12l9-9m-3 3l2 2',
  plus: 'M10 4v12M4 10h12',
  trash: 'M4 6h12M8 6V4h4v2m-6 0l1 11h6l1-11',
  send: 'M3 10l14-6-5 13-3-5z',
  download: 'M10 3v9m-4-4l4 4 4-4M4 16h12',
  columns: 'M3 4h14v12H3zM8 4v12M13 4v12',
  user: 'M10 3a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM3 17c1-4 4-5 7-5s6 1 7 5',
  edit: 'M4 16l1-4 8-8 3 3-8 8z',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
