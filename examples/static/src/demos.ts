import '../../demos/src/styles.css'
import { show } from '../../demos/src/page.tsx'

show()
