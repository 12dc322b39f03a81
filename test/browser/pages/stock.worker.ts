import 'sidestream/worker'
