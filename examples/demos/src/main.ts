import { show } from './page.tsx'

show()
