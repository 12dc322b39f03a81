/** What an installed application looks like. Its addresses are relative to the manifest's own. */
export const manifest = {
  id: '/tasks/',
  name: 'Shared tasks',
  short_name: 'Tasks',
  description: 'A shared task list that works offline and sends its changes later.',
  start_url: './',
  scope: './',
  display: 'standalone',
  background_color: '#0d1016',
  theme_color: '#0d1016',
  icons: [
    { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
    { src: 'icon-512.png', sizes: '512x512', type: 'image/png' },
    { src: 'icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
  ],
}
