// Line icons of our own, 24 by 24.

const PATHS = {
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM20 20l-4.7-4.7',
  explore: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm3.5-12.5-2 5-5 2 2-5z',
  map: 'M9 4 3 6.5v13L9 17l6 3 6-2.5v-13L15 7zM9 4v13M15 7v13',
  arithmetic: 'M4 8h7M7.5 4.5v7M13 8h7M4 17h7M13.5 14.5l5 5M18.5 14.5l-5 5',
  session: 'M4 6h10M4 12h16M4 18h7M18 4v4m-2-2h4',
  models: 'M12 3 3 8l9 5 9-5zM3 13l9 5 9-5',
  jobs: 'M13 3 5 14h6l-1 7 8-11h-6z',
  data: 'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3Zm0 0v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  more: 'M4.5 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M17.5 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  add: 'M12 5v14M5 12h14',
  less: 'M5 12h14',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  close: 'M6 6l12 12M18 6 6 18',
  dislike: 'M7 14V4H4v10zM7 14l4 7c1.5 0 2.2-1 2-2.5L12.5 15H19c1 0 1.8-.9 1.6-2l-1.3-7A2 2 0 0 0 17.3 4H7',
  filter: 'M4 6h16M7 12h10M10 18h4',
  key: 'M14.5 9.5a4.5 4.5 0 1 1-3-4.2M14 9l7 7v4h-4v-3h-3v-3',
  help: 'M9.2 9a3 3 0 1 1 4.3 2.7c-.9.5-1.5 1.1-1.5 2.3M12 17.5h.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
